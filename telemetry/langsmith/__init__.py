"""LangSmith's reading side: what its clients ask for, answered from canonical spans and scores."""
