"""What calls functions without anybody waiting: queues, buckets, event rules, schedules."""
