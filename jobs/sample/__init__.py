"""Larkspur, the made-up note-taking product whose forum and chat ship as sample data."""
