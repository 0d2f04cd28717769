"""Architecture 1: Lambda functions, SQS between them, EventBridge before them."""
