"""The homes' devices as the operator watches them: states, gaps, certificates, requests."""
