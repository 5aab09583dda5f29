"""Scrapes with the parsers of those who made the formats: scrape.py URL. Prints each series with its value."""
import sys
import urllib.request

from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as classic

with urllib.request.urlopen(sys.argv[1], timeout=10) as reply:
    text = reply.read().decode()


def samples(parse):
    return [(sample.name, sorted(sample.labels.items()), sample.value)
            for family in parse(text) for sample in family.samples]


assert samples(openmetrics) == samples(classic), 'the two formats differ'
for family in openmetrics(text):
    assert family.type in ('counter', 'gauge', 'info'), family
    assert family.documentation, family
    for sample in family.samples:
        labels = ','.join('%s="%s"' % label for label in sorted(sample.labels.items()))
        print('%s{%s} %d' % (sample.name, labels, sample.value))
