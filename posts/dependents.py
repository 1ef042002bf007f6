"""placeholder replaced below"""

class PostDependents:
    pass
