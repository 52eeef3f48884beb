"""Owns asking many questions at once over HTTP and timing the answers; never what they mean."""
