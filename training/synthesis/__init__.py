"""Speech with exact word times, synthesised offline by eSpeak NG, Flite and Festival."""
