"""What can happen to a post of the demo: each step is one of the actions behind the buttons."""

from collections.abc import Callable
from typing import Any

from compliance import queries as checks
from compliance.enums import AnswerKind, AnswerSide, Severity
from compliance.queries import Answered
from healthsocial.audit.log import Denied
from healthsocial.org.models import User
from posts.actions.answer import answer
from posts.actions.approve import approve
from posts.actions.close import archive, discard
from posts.actions.copy import content_of, copy_post
from posts.actions.decide import reject, request_changes
from posts.actions.edit import Content, create_post, save_post
from posts.actions.hold import hold
from posts.actions.pull_back import pull_back
from posts.actions.schedule import reslot, schedule
from posts.actions.submit import submit
from posts.actions.takedown import confirm_takedown, request_takedown
from posts.demo import data
from posts.demo.moments import Calendar
from posts.demo.places import Places
from posts.demo.worker import run_checks
from posts.enums import PersonAnswer, PostKind, State
from posts.models import Post
from posts.slots import Slot

OFFICER, SCHEDULER = "ruth", "tessa"
READ = "Read in its context: nobody can be recognised and nothing is promised."
Options = dict[str, Any]


class Steps:
    """The steps by name. `unexpected` counts findings that the stories did not reckon with (other rules than ours)."""

    def __init__(self, places: Places, calendar: Calendar) -> None:
        self.places = places
        self.calendar = calendar
        self.unexpected = 0
        self.by_name: dict[str, Callable[[dict[str, Any], Options], None]] = {
            "create": self._create,
            "submit": self._submit,
            "dispute": self._dispute,
            "approve": self._approve,
            "approve_refused": self._approve_refused,
            "changes": self._changes,
            "reject": self._reject,
            "schedule": self._schedule,
            "reslot": self._reslot,
            "hold": self._hold,
            "takedown": self._takedown,
            "confirm": self._confirm,
            "archive": self._archive,
            "discard": self._discard,
            "pull_back": self._pull_back,
        }

    def take(self, story: dict[str, Any], name: str, options: Options) -> None:
        self.by_name[name](story, options)

    def _person(self, options: Options, default: str) -> User:
        return self.places.people[options.get("by", default)]

    def _post(self, story: dict[str, Any]) -> Post:
        return Post.objects.select_related("current_version", "working_copy").get(pk=self.places.posts[story["key"]])

    def _slot(self, options: Options) -> Slot | None:
        return self.calendar.slot(options["slot"]) if "slot" in options else None

    # --- writing ---------------------------------------------------------------------------------------------
    def _content(self, story: dict[str, Any]) -> Content:
        places = self.places
        return Content(
            text=str(story["text"]).rstrip("\n"),
            channels=tuple(places.channels[key].pk for key in story["channels"]),
            first_comment=story.get("first_comment", ""),
            links=tuple(story.get("links", ())),
            kind=story.get("kind", PostKind.ORIGINAL),
            person_answer=story.get("person", PersonAnswer.NOBODY),
            persons=tuple(
                {"subject": str(places.subjects[key].pk), "information": words}
                for key, words in story.get("persons", {}).items()
            ),
            authorizations=tuple(str(places.authorizations[key].pk) for key in story.get("authorizations", ())),
            title=story["title"],
            notes=story.get("notes", ""),
            proposed=self.calendar.slot(story["proposed"]) if "proposed" in story else None,
            emergency=story.get("emergency", False),
        )

    def _create(self, story: dict[str, Any], options: Options) -> None:
        by = self._person(options, story["author"])
        content = self._content(story)
        if "corrects" in story:
            wrong = Post.objects.get(pk=self.places.posts[story["corrects"]])
            post = copy_post(wrong, by=by, correction=True)
            fresh = Post.objects.select_related("working_copy").get(pk=post.pk)
            content = Content(**{**content_of(fresh).__dict__, "title": content.title, "text": content.text})
            save_post(post.pk, by=by, edit_no=fresh.edit_no, content=content)
        else:
            post = create_post(by=by, content=content)
        self.places.posts[story["key"]] = post.pk

    def _submit(self, story: dict[str, Any], options: Options) -> None:
        by = self._person(options, story["author"])
        post = submit(self.places.posts[story["key"]], by=by)
        if options.get("leave"):
            return  # the checker takes it up when it runs
        run_checks(post.pk)
        post = self._post(story)
        if post.state == State.CHANGES_REQUESTED and story["state"] != State.CHANGES_REQUESTED:
            self._explain(post, by)

    def _explain(self, post: Post, by: User) -> None:
        """Rules that changed since the stories were written stop this one: the author explains, and sends it again."""
        for item in self._findings(post):
            if item.author is None:
                self.unexpected += 1
                answer(post.pk, item.finding.pk, by=by, side=AnswerSide.AUTHOR, kind=AnswerKind.FALSE_ALARM, words=READ)
        submit(post.pk, by=by)
        run_checks(post.pk)

    def _findings(self, post: Post) -> list[Answered]:
        run = checks.newest_complete_run(post.current_version_id) if post.current_version_id else None
        found = checks.with_answers(run) if run else []
        return [item for item in found if item.finding.needs_answer]

    def _answer(self, post: Post, item: Answered, by: User, side: AnswerSide, kind: str, options: Options) -> None:
        record = self.places.authorizations[options["authorization"]] if "authorization" in options else None
        answer(
            post.pk,
            item.finding.pk,
            by=by,
            side=side,
            kind=kind,
            words=options.get("words", "" if record else READ),
            source_url=options.get("source", ""),
            authorization_id=record.pk if record else None,
        )

    def _dispute(self, story: dict[str, Any], options: Options) -> None:
        post = self._post(story)
        for item in self._findings(post):
            by = self._person(options, story["author"])
            self._answer(post, item, by, AnswerSide.AUTHOR, options["kind"], options)

    def _discard(self, story: dict[str, Any], options: Options) -> None:
        discard(self.places.posts[story["key"]], by=self._person(options, story["author"]))

    def _pull_back(self, story: dict[str, Any], options: Options) -> None:
        pull_back(self.places.posts[story["key"]], by=self._person(options, story["author"]))

    # --- reviewing -------------------------------------------------------------------------------------------
    def _approve(self, story: dict[str, Any], options: Options) -> None:
        by = self._person(options, OFFICER)
        post = self._post(story)
        for item in self._findings(post):
            if item.officer is None:
                self._officer_answers(post, item, by, options)
        assert post.current_version_id is not None
        approve(
            post.pk,
            by=by,
            version_id=post.current_version_id,
            password=data.password(),
            slot=self._slot(options),
            publish_now=options.get("now", False),
        )

    def _officer_answers(self, post: Post, item: Answered, by: User, options: Options) -> None:
        kind = options.get("answer")
        if kind is None:
            self.unexpected += 1
            blocks = item.finding.severity == Severity.BLOCK
            kind = AnswerKind.FALSE_ALARM if blocks else AnswerKind.ACCEPTED
        self._answer(post, item, by, AnswerSide.OFFICER, kind, options)

    def _approve_refused(self, story: dict[str, Any], options: Options) -> None:
        """Somebody tries to approve their own work, and it is refused and recorded."""
        try:
            self._approve(story, options)
        except Denied:
            return
        raise AssertionError("somebody could approve their own post")

    def _changes(self, story: dict[str, Any], options: Options) -> None:
        self._decide(request_changes, story, options)

    def _reject(self, story: dict[str, Any], options: Options) -> None:
        self._decide(reject, story, options)

    def _decide(self, decision: Callable[..., Post], story: dict[str, Any], options: Options) -> None:
        post = self._post(story)
        by = self._person(options, OFFICER)
        decision(post.pk, by=by, version_id=post.current_version_id, reason=options["reason"], words=options["words"])

    def _archive(self, story: dict[str, Any], options: Options) -> None:
        archive(self.places.posts[story["key"]], by=self._person(options, OFFICER))

    # --- times, stops ----------------------------------------------------------------------------------------
    def _schedule(self, story: dict[str, Any], options: Options) -> None:
        by = self._person(options, SCHEDULER)
        schedule(self.places.posts[story["key"]], by=by, slot=self._slot(options))

    def _reslot(self, story: dict[str, Any], options: Options) -> None:
        by = self._person(options, SCHEDULER)
        reslot(self.places.posts[story["key"]], by=by, slot=self._slot(options))

    def _hold(self, story: dict[str, Any], options: Options) -> None:
        by = self._person(options, OFFICER)
        hold(self.places.posts[story["key"]], by=by, words=options["words"])

    def _takedown(self, story: dict[str, Any], options: Options) -> None:
        by = self._person(options, OFFICER)
        request_takedown(self.places.posts[story["key"]], by=by, words=options["words"])

    def _confirm(self, story: dict[str, Any], options: Options) -> None:
        confirm_takedown(self.places.posts[story["key"]], by=self._person(options, OFFICER))
