"""Customers' files in words."""

import csv
import io

HEADERS = (
    "顧客番号", "製造番号", "氏名", "氏名(カナ)", "契約開始日", "契約終了日", "基本料金(円)",
    "売電単価(円)", "利用単価(円)", "メールアドレス",
)  # fmt: skip
NO = "1120230170"


def a_row(number: int = 170, **changed: str) -> dict[str, str]:
    """Return a good row; `changed` sets cells by header."""
    row = dict(
        zip(
            HEADERS,
            (
                f"112023{number:04}",
                "23370657",
                f"顧客{number:04}",
                "コキヤク",
                "2023-12-16",
                "2037-12-15",
                "0",
                "16.00",
                "27.00",
                f"112023{number:04}@hsppa.info",
            ),
            strict=True,
        )
    )
    return row | changed


def a_file(*rows: dict[str, str], encoding: str = "utf-8-sig") -> bytes:
    """Return rows as a CSV file, with the columns of the first."""
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue().encode(encoding)
