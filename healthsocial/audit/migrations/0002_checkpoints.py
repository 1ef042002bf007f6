import uuid

from django.db import migrations, models


def name_the_record(apps, schema_editor):
    """A record that exists already is named after its first event, so that older backups of it get the same name."""
    first = apps.get_model('audit', 'Event').objects.filter(seq=1).first()
    if first is not None:
        apps.get_model('audit', 'Head').objects.filter(id=1).update(instance=uuid.UUID(hex=first.digest[:32]))


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='head',
            name='instance',
            field=models.UUIDField(default=uuid.uuid4, editable=False),
        ),
        migrations.RunPython(name_the_record, migrations.RunPython.noop),
    ]
