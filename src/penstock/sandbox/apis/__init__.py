"""HTTP APIs (API Gateway version 2) with Lambda behind them.

An API's address here is `/_sandbox/apis/ID`, where `https://ID.execute-api.REGION.amazonaws.com`
would be; `sandbox status` shows it.
"""
