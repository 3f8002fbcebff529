"""Placeholder page; its helper writes it."""
