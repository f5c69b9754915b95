from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('records', '0005_lost_marks'),
    ]

    operations = [
        migrations.AddField(
            model_name='syncstatus',
            name='identity',
            field=models.CharField(db_default='', default='', editable=False, max_length=255),
        ),
        migrations.AddField(
            model_name='syncstatus',
            name='known_settings',
            field=models.JSONField(default=dict, editable=False, help_text='of the last start that went well'),
        ),
        migrations.AddField(
            model_name='syncstatus',
            name='known_version',
            field=models.CharField(db_default='', default='', editable=False, max_length=50),
        ),
        migrations.AddField(
            model_name='syncstatus',
            name='stopped_at',
            field=models.DateTimeField(blank=True, help_text='when it ended in order; null while it runs', null=True),
        ),
    ]
