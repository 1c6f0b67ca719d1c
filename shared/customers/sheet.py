"""The columns of the customers' CSV file (interfaces.md §3)."""

from typing import Final

from shared.csvfile import Column

HEADERS: Final = {
    "顧客番号": "customer_no",
    "製造番号": "serial",
    "氏名": "name",
    "氏名(カナ)": "kana",
    "契約開始日": "contract_from",
    "契約終了日": "contract_to",
    "基本料金(円)": "base_fee",
    "売電単価(円)": "export_price",
    "利用単価(円)": "use_price",
    "メールアドレス": "email",
    "各種情報": "note",
    "適用開始日": "terms_from",
    "パネル容量(kW)": "panel_kw",
    "蓄電池": "battery",
    "郵便番号": "postal_code",
    "住所": "address",
    "電話番号": "phone",
}
"""Header and field, in order."""
REQUIRED: Final = tuple(HEADERS)[:10]
OPTIONAL: Final = tuple(HEADERS)[10:]
_TEXTS: Final = frozenset(
    [
        "顧客番号",
        "製造番号",
        "氏名",
        "氏名(カナ)",
        "メールアドレス",
        "各種情報",
        "郵便番号",
        "住所",
        "電話番号",
    ]
)
COLUMNS: Final = tuple(Column(header, is_text=header in _TEXTS) for header in HEADERS)
