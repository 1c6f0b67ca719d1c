"""What each reason says to people, in both languages, and what settles it (decision 21)."""

from dataclasses import dataclass
from enum import StrEnum

from shared.billing.checks import Reason


class Settles(StrEnum):
    """What makes a reason go away."""

    WAIT = "wait"
    REGISTER = "register"
    TERMS = "terms"
    CONFIRM = "confirm"
    METER = "meter"
    DECIDE = "decide"
    CONTACT = "contact"


@dataclass(frozen=True, slots=True)
class Sentence:
    """A reason in Japanese and English, and what settles it."""

    ja: str
    en: str
    settles: Settles


SENTENCES: dict[Reason, Sentence] = {
    Reason.CONTRACT_MISSING: Sentence(
        "契約開始日と契約終了日が未入力です。利用料金は0円、基本料金のみで計算しています。",
        "The contract has no dates. The use charge is 0 yen; only the base fee is counted.",
        Settles.CONFIRM,
    ),
    Reason.TERMS_MISSING: Sentence(
        "基本料金または単価が未入力のため、金額を計算できません。",
        "The base fee or a price is missing, so that there is no amount.",
        Settles.TERMS,
    ),
    Reason.NOT_CERTIFIED: Sentence(
        "検定を受けた計器の値であることが確認されていません。",
        "Nobody has stated that the readings are those of a certified meter.",
        Settles.CONFIRM,
    ),
    Reason.BOUNDARY_UNKNOWN: Sentence(
        "期首または期末の積算値がわからないため、計算できません。",
        "The register at the beginning or the end of the period is not known.",
        Settles.REGISTER,
    ),
    Reason.BOUNDARY_ESTIMATED: Sentence(
        "期首または期末の積算値を、前後の検針値から按分して求めています。",
        "A register at the edge of the period lies on a line between two readings.",
        Settles.REGISTER,
    ),
    Reason.COVERAGE_UNEQUAL: Sentence(
        "発電と売電の計器で、計算の始まりまたは終わりの時刻が異なります。",
        "The generation and the export register do not begin or end at the same time.",
        Settles.REGISTER,
    ),
    Reason.READING_CONFLICT: Sentence(
        "同じ時刻に異なる検針値があり、どちらが正しいか決められません。",
        "There are differing readings of one instant; none of them decides.",
        Settles.REGISTER,
    ),
    Reason.REGISTER_BACK: Sentence(
        "積算値が戻っています。計器を交換した場合は、交換を記録してください。",
        "A register went back. If the meter was replaced, record the replacement.",
        Settles.METER,
    ),
    Reason.EXPORT_OVER_GENERATION: Sentence(
        "売電量が発電量を超えています。",
        "More was exported than was generated.",
        Settles.REGISTER,
    ),
    Reason.USE_NEGATIVE: Sentence(
        "売電量が発電量より多く、利用量がマイナスの日または月があります。",
        "Use is below zero on a day or in the month.",
        Settles.CONFIRM,
    ),
    Reason.OVER_CAPACITY: Sentence(
        "パネル容量からみて発電量が多すぎます。",
        "More was generated than the panels can give.",
        Settles.CONFIRM,
    ),
    Reason.CHANGE_LARGE: Sentence(
        "いつもの3倍を超える金額です。",
        "The amount is more than three times the usual one.",
        Settles.CONFIRM,
    ),
    Reason.CERTIFICATE_EXPIRED: Sentence(
        "計器の検定の有効期間が過ぎています。",
        "The meter's certificate has expired.",
        Settles.METER,
    ),
    Reason.OPENING_DIFFERS: Sentence(
        "期首の積算値が、訂正された前月の請求の期末と合いません。",
        "The opening register is not the one that the revised bill before closed with.",
        Settles.DECIDE,
    ),
    Reason.ESTIMATE_THIRD: Sentence(
        "推定による請求が3回続いています。現地の検針値が必要です。",
        "This would be the third estimate in a row; somebody has to read the meter.",
        Settles.REGISTER,
    ),
    Reason.PROPOSAL_OPEN: Sentence(
        "前の請求に未決定の訂正案があります。訂正するか据え置くか決めてください。",
        "A correction of an earlier bill is proposed; revise that bill or refuse it first.",
        Settles.DECIDE,
    ),
    Reason.NO_EMAIL: Sentence(
        "メールアドレスがないため、請求のお知らせを送れません。",
        "There is no e-mail address to send the notice of the bill to.",
        Settles.CONTACT,
    ),
    Reason.CERTIFICATE_UNKNOWN: Sentence(
        "計器の検定の有効期限が記録されていません。",
        "It is not on record until when the meter's certificate stands.",
        Settles.METER,
    ),
    Reason.WAITING: Sentence(
        "期末の検針値を待っています。届きしだい自動で計算します。",
        "The register at the end of the period is awaited; the bill follows by itself.",
        Settles.WAIT,
    ),
}
"""Every reason there is; a test holds the table complete."""
