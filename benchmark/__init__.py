"""The harness of cdrbench: data, protocol, running, evaluation, reporting. Knows no method."""
