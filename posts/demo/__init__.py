"""The demo: an invented hospital, its people and four weeks of posts, made through the same actions that people use."""
