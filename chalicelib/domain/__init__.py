"""Pure rules: values and the time in, values out. No clock, network, environment or boto3."""
