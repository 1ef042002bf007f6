"""What `django-admin startproject` makes, one table and two views: the other side of several ratios."""
