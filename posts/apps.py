from django.apps import AppConfig


class PostsConfig(AppConfig):
    name = "posts"

    def ready(self) -> None:
        from compliance import dependents
        from posts import triggers, words  # noqa: F401  (importing registers the triggers)
        from posts.dependents import PostDependents

        dependents.register(PostDependents())
        words.register()
