"""HLS backends: what turns a ``QuantizedGraph`` into hardware."""
