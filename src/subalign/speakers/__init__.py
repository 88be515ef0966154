"""Who speaks when: turns of speakers, found in the sound or given, and the words that they say."""
