"""Change a person's name or job title. Earlier events keep the name of their time."""

from healthsocial.audit.log import Refused, action
from healthsocial.org import guards
from healthsocial.org.models import User


def rename_person(person: User, *, name: str, job_title: str = "", by: User) -> User:
    """Administrators only: approvals are signed with this name, so nobody picks their own."""
    target = ("person", str(person.pk))
    with action("person.renamed", actor=guards.acting(by, "org.people"), target=target) as act:
        guards.lock_people()
        guards.require(by, "org.people")
        person = User.objects.select_for_update(no_key=True).get(pk=person.pk)
        reasons = [*guards.name_reasons(name, 200), *guards.unseen_reasons(job_title)]
        if reasons:
            raise Refused(*reasons)
        wanted = {"name": name.strip(), "job_title": job_title.strip()[:120]}
        changed = [field for field, value in wanted.items() if getattr(person, field) != value]
        for field in changed:
            setattr(person, field, wanted[field])
        if changed:
            person.save(update_fields=changed)
            act.record("person.renamed", data={"fields": changed})
        else:
            act.nothing_changed()
    return person
