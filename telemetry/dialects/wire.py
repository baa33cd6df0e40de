"""OTLP as protobuf messages that Python reads fast.

The bytes on the wire are those of ``opentelemetry.proto``; only the view of them differs:

- A list of ``KeyValue`` is declared as ``map<string, bytes>``, which has the same wire form. Python then walks the
  keys without making two wrapper objects for each attribute, and a value is read only when its key is wanted:
  measured 9 µs instead of 17 µs for a span of 18 attributes.
- Values stay bytes until they are read, so one bad or deeply nested value costs its span and not the whole body.
- Texts are declared as bytes: a text that is not UTF-8 is repaired where it stands.
- The three signals have one envelope, with one set of names: ``resources``, ``scopes``, ``items``.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Field

PACKAGE = "onwatch.wire"

#: Message -> (field, number, type). A type with ``*`` repeats and one with ``?`` tells whether it was sent; ``{}`` is
#: a map of attributes, a capital is a message. ``text`` and ``id`` are bytes that JSON writes as text and as hex.
LAYOUT: dict[str, tuple[tuple[str, int, str], ...]] = {
    "Traces": (("resources", 1, "*ResourceSpans"),),
    "ResourceSpans": (("resource", 1, "Resource"), ("scopes", 2, "*ScopeSpans")),
    "ScopeSpans": (("scope", 1, "Scope"), ("items", 2, "*Span")),
    "Logs": (("resources", 1, "*ResourceLogs"),),
    "ResourceLogs": (("resource", 1, "Resource"), ("scopes", 2, "*ScopeLogs")),
    "ScopeLogs": (("scope", 1, "Scope"), ("items", 2, "*LogRecord")),
    "Metrics": (("resources", 1, "*ResourceMetrics"),),
    "ResourceMetrics": (("resource", 1, "Resource"), ("scopes", 2, "*ScopeMetrics")),
    "ScopeMetrics": (("scope", 1, "Scope"), ("items", 2, "*Metric")),
    # The envelope with its items unread: what is left to do when a body cannot be parsed as a whole.
    "Sealed": (("resources", 1, "*SealedResource"),),
    "SealedResource": (("resource", 1, "bytes"), ("scopes", 2, "*SealedScope")),
    "SealedScope": (("scope", 1, "bytes"), ("items", 2, "*bytes")),
    "Resource": (("attributes", 1, "{}"),),
    "Scope": (("name", 1, "text"), ("version", 2, "text"), ("attributes", 3, "{}")),
    "Span": (
        ("trace_id", 1, "id"),
        ("span_id", 2, "id"),
        ("parent_span_id", 4, "id"),
        ("name", 5, "text"),
        ("start_time_unix_nano", 7, "fixed64"),
        ("end_time_unix_nano", 8, "fixed64"),
        ("attributes", 9, "{}"),
        ("events", 11, "*Event"),
        ("links", 13, "*Link"),
        ("status", 15, "Status"),
    ),
    "Event": (("time_unix_nano", 1, "fixed64"), ("name", 2, "text"), ("attributes", 3, "{}")),
    "Link": (("trace_id", 1, "id"), ("span_id", 2, "id")),
    "Status": (("message", 2, "text"), ("code", 3, "int32")),
    "LogRecord": (
        ("time_unix_nano", 1, "fixed64"),
        ("body", 5, "Value"),
        ("attributes", 6, "{}"),
        ("trace_id", 9, "id"),
        ("span_id", 10, "id"),
        ("observed_time_unix_nano", 11, "fixed64"),
        ("event_name", 12, "text"),
    ),
    "Metric": (
        ("name", 1, "text"),
        ("unit", 3, "text"),
        ("gauge", 5, "Numbers"),
        ("sum", 7, "Numbers"),
        ("histogram", 9, "Histograms"),
        ("exponential_histogram", 10, "ExponentialHistograms"),
        ("summary", 11, "Summaries"),
    ),
    "Numbers": (
        ("data_points", 1, "*NumberPoint"),
        ("aggregation_temporality", 2, "int32"),
        ("is_monotonic", 3, "bool"),
    ),
    "Histograms": (("data_points", 1, "*HistogramPoint"), ("aggregation_temporality", 2, "int32")),
    "ExponentialHistograms": (
        ("data_points", 1, "*ExponentialHistogramPoint"),
        ("aggregation_temporality", 2, "int32"),
    ),
    "Summaries": (("data_points", 1, "*SummaryPoint"),),
    "NumberPoint": (
        ("start_time_unix_nano", 2, "fixed64"),
        ("time_unix_nano", 3, "fixed64"),
        ("as_double", 4, "?double"),
        ("as_int", 6, "?sfixed64"),
        ("attributes", 7, "{}"),
        ("flags", 8, "uint32"),
    ),
    "HistogramPoint": (
        ("start_time_unix_nano", 2, "fixed64"),
        ("time_unix_nano", 3, "fixed64"),
        ("count", 4, "fixed64"),
        ("sum", 5, "double"),
        ("bucket_counts", 6, "*fixed64"),
        ("explicit_bounds", 7, "*double"),
        ("attributes", 9, "{}"),
        ("flags", 10, "uint32"),
        ("min", 11, "?double"),
        ("max", 12, "?double"),
    ),
    "ExponentialHistogramPoint": (
        ("attributes", 1, "{}"),
        ("start_time_unix_nano", 2, "fixed64"),
        ("time_unix_nano", 3, "fixed64"),
        ("count", 4, "fixed64"),
        ("sum", 5, "double"),
        ("scale", 6, "sint32"),
        ("zero_count", 7, "fixed64"),
        ("positive", 8, "Buckets"),
        ("negative", 9, "Buckets"),
        ("flags", 10, "uint32"),
        ("min", 12, "?double"),
        ("max", 13, "?double"),
    ),
    "Buckets": (("offset", 1, "sint32"), ("bucket_counts", 2, "*uint64")),
    "SummaryPoint": (
        ("start_time_unix_nano", 2, "fixed64"),
        ("time_unix_nano", 3, "fixed64"),
        ("count", 4, "fixed64"),
        ("sum", 5, "double"),
        ("quantile_values", 6, "*Quantile"),
        ("attributes", 7, "{}"),
        ("flags", 8, "uint32"),
    ),
    "Quantile": (("quantile", 1, "double"), ("value", 2, "double")),
    "Value": (
        ("string_value", 1, "text"),
        ("bool_value", 2, "bool"),
        ("int_value", 3, "int64"),
        ("double_value", 4, "double"),
        ("array_value", 5, "Array"),
        ("kvlist_value", 6, "Pairs"),
        ("bytes_value", 7, "bytes"),
    ),
    "Array": (("values", 1, "*Value"),),
    "Pairs": (("values", 1, "*Pair"),),
    "Pair": (("key", 1, "text"), ("value", 2, "Value")),
}
#: Messages whose fields exclude one another.
ONE_OF = frozenset({"Value"})
#: Types that protobuf knows as bytes.
BYTES = frozenset({"text", "id", "bytes"})


def _add_field(message: descriptor_pb2.DescriptorProto, name: str, number: int, type_name: str) -> None:
    bare = type_name.lstrip("*?")
    entry = message.field.add(name=name, number=number)
    entry.label = Field.LABEL_REPEATED if type_name.startswith("*") or bare == "{}" else Field.LABEL_OPTIONAL
    if bare == "{}":
        nested = message.nested_type.add(name="".join(part.title() for part in name.split("_")) + "Entry")
        nested.options.map_entry = True
        nested.field.add(name="key", number=1, type=Field.TYPE_STRING, label=Field.LABEL_OPTIONAL)
        nested.field.add(name="value", number=2, type=Field.TYPE_BYTES, label=Field.LABEL_OPTIONAL)
        entry.type, entry.type_name = Field.TYPE_MESSAGE, f".{PACKAGE}.{message.name}.{nested.name}"
    elif bare[0].isupper():
        entry.type, entry.type_name = Field.TYPE_MESSAGE, f".{PACKAGE}.{bare}"
    else:
        entry.type = Field.TYPE_BYTES if bare in BYTES else Field.Type.Value(f"TYPE_{bare.upper()}")
        if type_name.startswith("?"):
            entry.proto3_optional = True
            entry.oneof_index = len(message.oneof_decl)
            message.oneof_decl.add(name=f"_{name}")


def _messages() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(name="onwatch/wire.proto", package=PACKAGE, syntax="proto3")
    for name, fields in LAYOUT.items():
        message = file.message_type.add(name=name)
        if name in ONE_OF:
            message.oneof_decl.add(name="value")
        for field in fields:
            _add_field(message, *field)
            if name in ONE_OF:
                message.field[-1].oneof_index = 0
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.{name}")) for name in LAYOUT}


MESSAGES = _messages()
Sealed = MESSAGES["Sealed"]
Resource = MESSAGES["Resource"]
Scope = MESSAGES["Scope"]
Value = MESSAGES["Value"]
