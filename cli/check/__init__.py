"""Looking at a running server from outside: does it do what the documents say?"""
