"""later"""
GROUPS = []
