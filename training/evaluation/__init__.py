"""What a model can do, on speech, voices and sentences that it was never trained on."""
