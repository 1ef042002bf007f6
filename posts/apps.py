from django.apps import AppConfig


class PostsConfig(AppConfig):
    name = "posts"

    def ready(self) -> None:
        from compliance import dependents
        from posts import explained, triggers, words  # noqa: F401  (importing registers triggers and comparisons)
        from posts.dependents import PostDependents

        dependents.register(PostDependents())
        words.register()
