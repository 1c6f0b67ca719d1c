"""Templates are compiled once a process, and anew where their source is another."""

from jinja2 import DictLoader, Environment

from shared.web.compiled import Compiled


def test_a_template_is_compiled_once_and_anew_when_its_source_changes() -> None:
    kept, sources = Compiled(), {"page": "{{ 1 + 1 }}"}

    def rendered() -> str:
        return (
            Environment(loader=DictLoader(sources), bytecode_cache=kept, autoescape=True)
            .get_template("page")
            .render()
        )

    assert [rendered(), rendered()] == ["2", "2"]
    assert len(kept._kept) == 1
    sources["page"] = "{{ 1 + 2 }}"
    assert rendered() == "3"
