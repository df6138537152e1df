"""The service embedded in one process: the same app and adapters as on AWS, over moto in memory."""
