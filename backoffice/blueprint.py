"""The blueprint that all the operator's pages hang on."""

from flask import Blueprint

office = Blueprint("office", __name__, url_prefix="/office")
