#!/usr/bin/env python3
"""A second, deliberately naive answer to "what must an import report, and what must the forecast say?".

    python3 reference.py EXPORT_DIR --today YYYY-MM-DD [--with-opportunities] [--all-scenarios] [--all-impacts]

Reads a Salesforce-style export (User, Account, Subscription__c, Risk__c, Opportunity) and prints JSON in the
shape of `expected.json`. It shares no code with the product and prefers obvious loops over speed.

Interpretations. [S]: the sample decides it (another choice gives another answer there). [T]: the text of README or
spec says it, the sample cannot tell. [D]: decided here, because both leave it open.

Files
 F1  UTF-8 with or without BOM; what is not valid UTF-8 is read as cp932. Decided per file. [T, per file: D]
 F2  Lines end at LF (CRLF or LF), inside quotes too; `line` is the line on which the record starts. [S]
     A lone CR inside quotes is an ordinary character. Empty lines are counted but are no records. [D]
 F3  Columns are found by header name. A record with too many or too few fields: `column_count_wrong`. [D]
 F4  Every value is trimmed of white space, the ideographic space included, before anything looks at it;
     a value of white space only is empty. [S for results, otherwise D]
 F5  Precedence in every file: column_count_wrong, skipped, id_missing, duplicate_id, then the README's order.
     `duplicate_id` applies to every file, not only to Account: the first row with an id wins, whatever became
     of that row, and later ones never change it. A skip comes before `duplicate_id`. [S for accounts, otherwise D]
 F6  Ids are compared exactly; they are case-sensitive. [D]

Numbers and dates
 N1  An amount is digits, or digits in groups of three separated by commas, then optionally a point and zeros
     only (one or more). Full-width digits, comma and point are as good as half-width ones. No sign, currency
     symbol, exponent or inner space. "12,34", "1,0000", "100." and "+5" are refused. [T, these four: D]
 N2  0 is a valid amount; more than 1,000,000,000,000 is absurdly large. [limit: D]
 N3  An empty MRR is `mrr_invalid`; an empty Opportunity amount is fine, as it is optional in a CRM. [D]
 N4  A date is YYYY-MM-DD (two digits each), or YYYY/M/D with one or two digits for month and day, in half-width
     digits, and exists in the calendar. [S, half-width: D]
 N5  A corporate number is 13 digits with a correct check digit; full-width digits are accepted. [S, full-width: D]
 N6  CreatedDate is an ISO instant with an offset; only a risk's is read. Its local date is that in Asia/Tokyo. [S]

Accounts
 A1  `IsDeleted` is "true" in any case of letters. A deleted row is skipped before causes are looked for. [T]
 A2  A row is `parent_unknown` when its own ParentId is the Id of no row of the file. A row whose grandparent is
     unknown is good: its root is the last row that exists. [D]
 A3  A row is `parent_cycle` when its chain never ends: rows on the cycle, a row that is its own parent, and rows
     whose chain leads into a cycle. [S for rows on the cycle, otherwise D]
 A4  The chain passes through skipped and rejected rows, and a deleted root still names the group. Where an id
     is on several rows, the first row's ParentId counts. [T, the first row: D]
 A5  An empty OwnerId is `owner_unknown` [D]; an inactive owner is fine and still gives the team [S].
 A6  What hangs on a rejected account is `account_unknown`. [D]
 A7  An owner without a UserRole gives no team: such accounts are in no entry of forecast_by_team. [D]

Subscriptions
 S1  Active on d when start <= d < end, whatever Status__c says. An end after today is an announced cancellation,
     with any other status too. [S, other status: D]
 S2  An empty or bad start, a bad renewal and a bad end are `date_invalid`; an empty renewal or end is fine. [T]
 S3  End: `end_date_missing` (Cancelled without end), then `end_before_start` for any status. End = start is
     accepted and never active. [S for the first and the last, end_before_start: D]
 S4  A subscription that has not started yet is not active, so its end announces nothing. [D]

Risks
 R1  Closed = Completion__c is not empty. With an empty completion, a result or a completed date is ignored. [D]
 R2  A bad completed date of a closed risk is `completed_date_invalid`, after `completed_date_missing`; then come
     `next_action_date_invalid` (closed risks too) and `created_date_invalid` (bad or empty). A completed date in
     the future, or before the opening, is accepted. [D]
 R3  OwnerId is no cause: where it is unknown or empty, the account's owner takes the risk. [D]
 R4  open_risks, overdue_next_actions, open_without_next_action and new_risks_7_days count risks on inactive
     accounts as well; new risks count also when closed since. [S]
 R5  The impact's numerator is the MRR of all active accounts with the same root; the risk's own account need not
     be active. `impact_ppm_sample` is the first 20, by id, of the open risks on active accounts [S];
     with --all-impacts it is every open risk, those on inactive accounts included.

Forecast
 C1  Only buckets with something in them appear. `count` is the number of different accounts in a bucket: one
     whose announced part and rest fall into one bucket counts once there, and once in each of two buckets.
     On basis GROUP, a whole group is 1, and so is each account of C6. [D: the sample has no such case]
 C2  A rest exists where a remaining subscription exists: a zero-yen one counts, with 0 yen. [D]
 C3  The next renewal is the earliest known one, and UNKNOWN only where no remaining subscription has any. [T]
 C4  "At risk", in a scenario, are the accounts whose rest the scenario adds: none in ANNOUNCED, so that its two
     bases are equal [S]; those of FC-1 in LEADS_TO_CHURN; those with an open risk of either flag in
     LEADS_TO_CHURN_AND_UNKNOWN, whose groups count whole too [D].
 C5  Basis GROUP: a group with an at-risk account counts once, with the MRR of all its active members, announced
     parts included [S]. Its bucket is that of the earliest of: the renewals of its at-risk accounts'
     subscriptions without an announced end, and the announced ends of all its members, at risk or not [T]. The
     renewal date of a subscription with an announced end plays no part [D]. Nothing else of the group counts.
 C6  Announced parts of other groups count per account, in the months of their ends. [S]
 C7  A filter by team selects accounts by their own team. On basis GROUP the at-risk accounts inside the filter
     choose a group and place it by their renewals; members' MRR and announced ends count from inside and
     outside [D]. forecast_by_team is LEADS_TO_CHURN on basis ACCOUNT; a team with nothing is left out [S].
 C8  The denominator is the organisation's opening MRR, under every filter; where it is 0, ppm is null. [T]

Opportunities (reported on only with --with-opportunities)
 O1  Skipped `account_deleted`; causes in the order account_unknown, amount_invalid, date_invalid (CloseDate). [D]
 O2  won_deals counts imported rows with the stage `Closed Won`, with the flag and without. [S]
"""

import argparse
import csv
import io
import json
import re
import sys
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from functools import cached_property
from pathlib import Path

TOKYO = timezone(timedelta(hours=9), "Asia/Tokyo")  # Japan has no daylight saving time
MAX_AMOUNT = 1_000_000_000_000
LONGEST_FIELD = 10_000_000  # the csv module's own limit is too small for a long text field
BEGINNING_OF_TIME = datetime.min.replace(tzinfo=timezone.utc)

LEADS = "LEADS_TO_CHURN"
UNKNOWN_FLAG = "UNKNOWN_AT_PRESENT"
FLAG_BY_LABEL = {"解約につながる": LEADS, "現時点では不明": UNKNOWN_FLAG}
COMPLETION_BY_LABEL = {"完了": "COMPLETED", "失敗": "FAILED", "リスクではなかった": "NOT_A_RISK"}

# Which flags put an account at risk in each scenario (C4).
SCENARIOS = {
    "ANNOUNCED": frozenset(),
    "LEADS_TO_CHURN": frozenset({LEADS}),
    "LEADS_TO_CHURN_AND_UNKNOWN": frozenset({LEADS, UNKNOWN_FLAG}),
}
BASES = ("ACCOUNT", "GROUP")


# --- the business, as plain rows -------------------------------------------------------------------------------


@dataclass
class MrrFact:
    """From `effective` on the subscription's MRR is `amount`; known since `recorded_at`."""

    effective: date
    amount: int
    recorded_at: datetime = BEGINNING_OF_TIME


@dataclass
class Subscription:
    account_id: str
    start: date
    facts: list
    renewal: date | None = None
    end: date | None = None  # the first day without MRR

    def is_active(self, on):
        return self.start <= on and (self.end is None or on < self.end)

    def is_announced(self, on):
        return self.is_active(on) and self.end is not None

    def mrr(self, on, known_at=None):
        """The amount of the latest effective fact on that day; on the same date the later recorded wins."""
        if not self.is_active(on):
            return 0
        known = [f for f in self.facts if known_at is None or f.recorded_at <= known_at]
        effective = [f for f in known if f.effective <= on]
        if not effective:
            return 0
        return max(effective, key=lambda f: (f.effective, f.recorded_at)).amount


@dataclass
class Account:
    id: str
    group: str  # the root of the parent chain; its own id where it has no group
    team: str = ""


@dataclass
class Risk:
    id: str
    account_id: str
    flag: str
    completion: str | None = None
    next_action: date | None = None
    opened: datetime | None = None

    @property
    def is_open(self):
        return self.completion is None


@dataclass
class Business:
    accounts: dict
    subscriptions: list
    risks: list
    won_deals: int = 0


# --- figures ---------------------------------------------------------------------------------------------------


def ppm(numerator, denominator):
    """Parts per million, rounded half to even once; None where there is no rate."""
    if denominator == 0:
        return None
    quotient, remainder = divmod(numerator * 1_000_000, denominator)
    if 2 * remainder > denominator or (2 * remainder == denominator and quotient % 2 == 1):
        quotient += 1
    return quotient


class View:
    """What is true on the date `on`, as known at `known_at` (None: everything recorded is known).

    Only MRR has two times here; risks, groups and teams are as the rows say.
    """

    def __init__(self, business, on, known_at=None):
        self.business, self.on, self.known_at = business, on, known_at
        self.active_subscriptions = {}
        for subscription in business.subscriptions:
            if subscription.is_active(on):
                self.active_subscriptions.setdefault(subscription.account_id, []).append(subscription)
        self.active_members = {}
        for account_id in self.active_subscriptions:
            group = business.accounts[account_id].group
            self.active_members.setdefault(group, []).append(account_id)

    def amount(self, subscriptions):
        return sum(s.mrr(self.on, self.known_at) for s in subscriptions)

    def account_mrr(self, account_id):
        return self.amount(self.active_subscriptions.get(account_id, []))

    def group_mrr(self, group):
        return sum(self.account_mrr(account_id) for account_id in self.active_members.get(group, []))

    def current_mrr(self):
        return sum(self.account_mrr(account_id) for account_id in self.active_subscriptions)

    @cached_property
    def opening_mrr(self):
        """MRR at the end of the day before the month: what takes effect on the first is not in it."""
        day_before = self.on.replace(day=1) - timedelta(days=1)
        return sum(s.mrr(day_before, self.known_at) for s in self.business.subscriptions)

    def open_risks(self):
        return [risk for risk in self.business.risks if risk.is_open]

    def at_risk_accounts(self, flags):
        """Active accounts with an open risk of one of these flags, each once (FC-1)."""
        return {risk.account_id for risk in self.open_risks() if risk.flag in flags} & set(self.active_subscriptions)

    def announced(self, account_id):
        return [s for s in self.active_subscriptions[account_id] if s.is_announced(self.on)]

    def remaining(self, account_id):
        return [s for s in self.active_subscriptions[account_id] if not s.is_announced(self.on)]

    def group_mrr_impact(self, risk):
        """RISK-2 in ppm."""
        group = self.business.accounts[risk.account_id].group
        return ppm(self.group_mrr(group), self.opening_mrr)

    def overdue_next_actions(self):
        return [r for r in self.open_risks() if r.next_action is not None and r.next_action < self.on]

    def open_without_next_action(self):
        return [r for r in self.open_risks() if r.next_action is None]

    def new_risks(self, days=7):
        """Opened today or on one of the days before it (FC-9)."""
        first_day = self.on - timedelta(days=days - 1)
        opened = [r.opened.astimezone(TOKYO).date() for r in self.business.risks if r.opened is not None]
        return sum(1 for day in opened if first_day <= day <= self.on)


# --- forecast --------------------------------------------------------------------------------------------------


def earliest(dates):
    """Passed dates are early, unknown ones last."""
    known = [d for d in dates if d is not None]
    return min(known) if known else None


def month(day):
    return f"{day.year:04d}-{day.month:02d}"


def renewal_bucket(renewal, on):
    if renewal is None:
        return "UNKNOWN"
    return "OVERDUE" if renewal < on else month(renewal)


@dataclass
class Part:
    """Some MRR in a bucket, and whose it is: parts of the same one in the same bucket count once."""

    bucket: str
    whose: tuple
    mrr: int


def announced_parts(view, account_ids):
    return [
        Part(month(s.end), ("account", account_id), view.amount([s]))
        for account_id in account_ids
        for s in view.announced(account_id)
    ]


def rest_parts(view, at_risk):
    parts = []
    for account_id in at_risk:
        rest = view.remaining(account_id)
        if rest:
            bucket = renewal_bucket(earliest(s.renewal for s in rest), view.on)
            parts.append(Part(bucket, ("account", account_id), view.amount(rest)))
    return parts


def group_part(view, group, at_risk):
    members = view.active_members[group]
    renewals = [s.renewal for a in members if a in at_risk for s in view.remaining(a)]
    announced_ends = [s.end for a in members for s in view.announced(a)]
    bucket = renewal_bucket(earliest(renewals + announced_ends), view.on)
    return Part(bucket, ("group", group), view.group_mrr(group))


def forecast_parts(view, scenario, basis, team=None):
    accounts = view.business.accounts
    selected = {a for a in view.active_subscriptions if team is None or accounts[a].team == team}
    at_risk = view.at_risk_accounts(SCENARIOS[scenario]) & selected
    if basis == "ACCOUNT":
        return announced_parts(view, selected) + rest_parts(view, at_risk)
    whole_groups = {accounts[a].group for a in at_risk}
    others = {a for a in selected if accounts[a].group not in whole_groups}
    return [group_part(view, group, at_risk) for group in whole_groups] + announced_parts(view, others)


def forecast(view, scenario="LEADS_TO_CHURN", basis="ACCOUNT", team=None):
    """{bucket: {count, mrr, ppm}}, buckets in order, only those with something in them."""
    by_bucket = {}
    for part in forecast_parts(view, scenario, basis, team):
        by_bucket.setdefault(part.bucket, []).append(part)
    denominator = view.opening_mrr
    result = {}
    for bucket in sorted(by_bucket):
        parts = by_bucket[bucket]
        mrr = sum(part.mrr for part in parts)
        result[bucket] = {
            "count": len({part.whose for part in parts}),
            "mrr": mrr,
            "ppm": ppm(mrr, denominator),
        }
    return result


def forecast_by_team(view):
    teams = sorted({account.team for account in view.business.accounts.values()} - {""})
    forecasts = {team: forecast(view, team=team) for team in teams}
    return {team: buckets for team, buckets in forecasts.items() if buckets}


# --- reading values --------------------------------------------------------------------------------------------

FULL_WIDTH = str.maketrans("０１２３４５６７８９，．", "0123456789,.")
AMOUNT = re.compile(r"([0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.0+)?")
DASHED_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
SLASHED_DATE = re.compile(r"([0-9]{4})/([0-9]{1,2})/([0-9]{1,2})")


class Rejected(Exception):
    """A row that does not go in; the message is the reason."""


class Skipped(Exception):
    """A row that is left out without being wrong; the message is the reason."""


def parse_amount(text, reason):
    match = AMOUNT.fullmatch(text.translate(FULL_WIDTH))
    if match is None:
        raise Rejected(reason)
    amount = int(match.group(1).replace(",", ""))
    if amount > MAX_AMOUNT:
        raise Rejected(reason)
    return amount


def parse_date(text, reason):
    match = DASHED_DATE.fullmatch(text) or SLASHED_DATE.fullmatch(text)
    if match is None:
        raise Rejected(reason)
    try:
        return date(*(int(number) for number in match.groups()))
    except ValueError:
        raise Rejected(reason) from None


def parse_optional_date(text, reason):
    return parse_date(text, reason) if text else None


def parse_instant(text, reason):
    for pattern in ("%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%dT%H:%M:%S%z"):
        try:
            return datetime.strptime(text, pattern)
        except ValueError:
            continue
    raise Rejected(reason)


def corporate_number_check_digit(twelve_digits):
    """9 minus the remainder by 9 of the digits weighted 1, 2, 1, 2 … from the right."""
    weighted = [int(digit) * (1 + position % 2) for position, digit in enumerate(reversed(twelve_digits))]
    return 9 - sum(weighted) % 9


def is_corporate_number(text):
    number = text.translate(FULL_WIDTH)
    return bool(re.fullmatch(r"[0-9]{13}", number)) and int(number[0]) == corporate_number_check_digit(number[1:])


# --- reading files ---------------------------------------------------------------------------------------------


@dataclass
class Row:
    line: int  # on which the record starts
    values: dict | None  # None: the number of fields is wrong

    def __getitem__(self, column):
        return self.values[column]


@dataclass
class Report:
    imported: int = 0
    skipped: list = field(default_factory=list)
    rejected: list = field(default_factory=list)

    def as_json(self):
        return {"imported": self.imported, "skipped": self.skipped, "rejected": self.rejected}


def decode(data):
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp932")


def read_rows(path):
    csv.field_size_limit(LONGEST_FIELD)
    # newline="\n" splits at LF only and keeps a CR that stands inside quotes.
    reader = csv.reader(io.StringIO(decode(path.read_bytes()), newline="\n"))
    header = [name.strip() for name in next(reader)]
    rows = []
    last_line = reader.line_num
    for record in reader:
        first_line, last_line = last_line + 1, reader.line_num
        if record:
            fits = len(record) == len(header)
            values = dict(zip(header, (value.strip() for value in record))) if fits else None
            rows.append(Row(first_line, values))
    return rows


def import_rows(rows, import_row, skip_reason=lambda row: None):
    """Calls `import_row` for each row that nothing general keeps out, and reports on all of them."""
    report, seen = Report(), set()
    for row in rows:
        try:
            check_row(row, seen, skip_reason)
            import_row(row)
            report.imported += 1
        except Skipped as reason:
            report.skipped.append([row.line, str(reason)])
        except Rejected as reason:
            report.rejected.append([row.line, str(reason)])
        if row.values is not None:
            seen.add(row["Id"])
    return report


def check_row(row, seen, skip_reason):
    if row.values is None:
        raise Rejected("column_count_wrong")
    if reason := skip_reason(row):
        raise Skipped(reason)
    if not row["Id"]:
        raise Rejected("id_missing")
    if row["Id"] in seen:
        raise Rejected("duplicate_id")


# --- the five files --------------------------------------------------------------------------------------------


def import_users(rows):
    team_by_user = {}

    def import_row(row):
        team_by_user[row["Id"]] = row["UserRole"]

    return team_by_user, import_rows(rows, import_row)


def root_of_chain(account_id, parent_by_id):
    """The last row that exists on the way up; None if there is no end."""
    visited = {account_id}
    while (parent := parent_by_id[account_id]) in parent_by_id:
        if parent in visited:
            return None
        visited.add(parent)
        account_id = parent
    return account_id


def is_deleted(row):
    return row["IsDeleted"].lower() == "true"


def import_accounts(rows, team_by_user):
    """The accounts that went in, the ids of the deleted ones, and the report."""
    readable = [row for row in rows if row.values is not None]
    parent_by_id, deleted = {}, set()
    for row in readable:
        if row["Id"] and row["Id"] not in parent_by_id:
            parent_by_id[row["Id"]] = row["ParentId"]
            if is_deleted(row):
                deleted.add(row["Id"])
    accounts = {}

    def import_row(row):
        if not row["Name"]:
            raise Rejected("name_missing")
        if row["CorporateNumber__c"] and not is_corporate_number(row["CorporateNumber__c"]):
            raise Rejected("corporate_number_invalid")
        if row["OwnerId"] not in team_by_user:
            raise Rejected("owner_unknown")
        if row["ParentId"] and row["ParentId"] not in parent_by_id:
            raise Rejected("parent_unknown")
        root = root_of_chain(row["Id"], parent_by_id)
        if root is None:
            raise Rejected("parent_cycle")
        accounts[row["Id"]] = Account(row["Id"], root, team_by_user[row["OwnerId"]])

    report = import_rows(rows, import_row, lambda row: "deleted" if is_deleted(row) else None)
    return accounts, deleted, report


def skip_if_account_deleted(column, deleted):
    return lambda row: "account_deleted" if row[column] in deleted else None


def check_account(account_id, accounts):
    if account_id not in accounts:
        raise Rejected("account_unknown")


def import_subscriptions(rows, accounts, deleted):
    subscriptions = []

    def import_row(row):
        check_account(row["Account__c"], accounts)
        if row["CurrencyIsoCode"] != "JPY":
            raise Rejected("currency_unsupported")
        amount = parse_amount(row["MRR__c"], "mrr_invalid")
        start = parse_date(row["StartDate__c"], "date_invalid")
        renewal = parse_optional_date(row["NextRenewalDate__c"], "date_invalid")
        end = parse_optional_date(row["EndDate__c"], "date_invalid")
        if row["Status__c"] == "Cancelled" and end is None:
            raise Rejected("end_date_missing")
        if end is not None and end < start:
            raise Rejected("end_before_start")
        subscriptions.append(Subscription(row["Account__c"], start, [MrrFact(start, amount)], renewal, end))

    return subscriptions, import_rows(rows, import_row, skip_if_account_deleted("Account__c", deleted))


def import_risks(rows, accounts, deleted):
    risks = []

    def import_row(row):
        check_account(row["Account__c"], accounts)
        if row["LeadsToChurn__c"] not in FLAG_BY_LABEL:
            raise Rejected("leads_to_churn_invalid")
        completion = parse_completion(row)
        next_action = parse_optional_date(row["NextActionDate__c"], "next_action_date_invalid")
        opened = parse_instant(row["CreatedDate"], "created_date_invalid")
        flag = FLAG_BY_LABEL[row["LeadsToChurn__c"]]
        risks.append(Risk(row["Id"], row["Account__c"], flag, completion, next_action, opened))

    return risks, import_rows(rows, import_row, skip_if_account_deleted("Account__c", deleted))


def parse_completion(row):
    """None while the risk is open; a closed one needs a result and a date (RISK-3)."""
    label = row["Completion__c"]
    if not label:
        return None
    if label not in COMPLETION_BY_LABEL:
        raise Rejected("completion_invalid")
    if not row["Result__c"]:
        raise Rejected("result_missing")
    if not row["CompletedDate__c"]:
        raise Rejected("completed_date_missing")
    parse_date(row["CompletedDate__c"], "completed_date_invalid")
    return COMPLETION_BY_LABEL[label]


def import_opportunities(rows, accounts, deleted):
    stages = []

    def import_row(row):
        check_account(row["AccountId"], accounts)
        if row["Amount"]:
            parse_amount(row["Amount"], "amount_invalid")
        parse_date(row["CloseDate"], "date_invalid")
        stages.append(row["StageName"])

    return stages, import_rows(rows, import_row, skip_if_account_deleted("AccountId", deleted))


def import_export(directory):
    """The business, and a report per file."""
    directory, reports = Path(directory), {}
    team_by_user, reports["User.csv"] = import_users(read_rows(directory / "User.csv"))
    accounts, deleted, reports["Account.csv"] = import_accounts(read_rows(directory / "Account.csv"), team_by_user)

    def import_dependent(name, import_file):
        imported, reports[name] = import_file(read_rows(directory / name), accounts, deleted)
        return imported

    subscriptions = import_dependent("Subscription__c.csv", import_subscriptions)
    risks = import_dependent("Risk__c.csv", import_risks)
    stages = import_dependent("Opportunity.csv", import_opportunities)
    return Business(accounts, subscriptions, risks, stages.count("Closed Won")), reports


# --- the answer ------------------------------------------------------------------------------------------------


def impacts(view, all_of_them):
    risks = sorted(view.open_risks(), key=lambda risk: risk.id)
    if not all_of_them:
        risks = [risk for risk in risks if risk.account_id in view.active_subscriptions][:20]
    return {risk.id: view.group_mrr_impact(risk) for risk in risks}


def answer(directory, today, with_opportunities=False, all_scenarios=False, all_impacts=False):
    business, reports = import_export(directory)
    if not with_opportunities:
        del reports["Opportunity.csv"]
    view = View(business, today)
    scenarios = [s for s in SCENARIOS if all_scenarios or s != "LEADS_TO_CHURN_AND_UNKNOWN"]
    return {
        "today": today.isoformat(),
        "import": {name: report.as_json() for name, report in reports.items()},
        "active_accounts": len(view.active_subscriptions),
        "current_mrr": view.current_mrr(),
        "opening_mrr": view.opening_mrr,
        "open_risks": len(view.open_risks()),
        "at_risk_accounts": len(view.at_risk_accounts({LEADS})),
        "overdue_next_actions": len(view.overdue_next_actions()),
        "open_without_next_action": len(view.open_without_next_action()),
        "forecast": {s: {basis: forecast(view, s, basis) for basis in BASES} for s in scenarios},
        "forecast_by_team": forecast_by_team(view),
        "won_deals": business.won_deals,
        "new_risks_7_days": view.new_risks(),
        "impact_ppm_sample": impacts(view, all_impacts),
    }


def main():
    parser = argparse.ArgumentParser(description="What an import of this export must report, and the forecast from it.")
    parser.add_argument("export_dir", type=Path)
    parser.add_argument("--today", type=date.fromisoformat, required=True, metavar="YYYY-MM-DD")
    parser.add_argument("--with-opportunities", action="store_true", help="report on Opportunity.csv too")
    parser.add_argument("--all-scenarios", action="store_true", help="add LEADS_TO_CHURN_AND_UNKNOWN")
    parser.add_argument("--all-impacts", action="store_true", help="the impact of every open risk, not of 20")
    options = parser.parse_args()
    result = answer(
        options.export_dir, options.today, options.with_opportunities, options.all_scenarios, options.all_impacts
    )
    json.dump(result, sys.stdout, ensure_ascii=False, indent=1)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
