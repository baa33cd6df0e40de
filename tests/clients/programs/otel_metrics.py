"""Address and key come from the environment."""

import os

from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader

if os.environ["OTEL_EXPORTER_OTLP_PROTOCOL"] == "grpc":
    from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
else:
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter

provider = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())])
metrics.set_meter_provider(provider)

# The application as it was.
meter = metrics.get_meter("shop")
orders = meter.create_counter("shop.orders", "{order}")
orders.add(3, {"city": "Springfield"})
orders.add(4, {"city": "Shelbyville"})
meter.create_gauge("shop.open").set(1)
meter.create_histogram("shop.wait", "s").record(2.5)
