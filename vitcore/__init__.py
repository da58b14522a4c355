"""Vision transformers, a trainer and a run store; the Streamlit app stands on top of it."""

__version__ = "0.1.0"
