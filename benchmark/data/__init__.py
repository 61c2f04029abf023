"""Domains, tasks, splits and views: from published files to what a method may see."""
