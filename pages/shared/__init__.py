"""What pages share: the spec form, the run picker, the chart and the canvas, the store as one process sees it."""
