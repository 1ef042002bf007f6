"""The product's Celery application with a broker that hands a message out again after five seconds."""

from healthsocial.celery import app

app.conf.update(broker_transport_options={**app.conf.broker_transport_options, "visibility_timeout": 5})
