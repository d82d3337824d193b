"""Throughput and times against concurrency, each contender in turn; listings; batches; the service's own counts."""
import os

from contenders import Load, Peer, ProxiedPeer

LINES = 100  # forms in a batch
EVENT = '"specversion"'
LISTINGS = ("?limit=20", "?year=2022&limit=20", "?outcome=discrepant&limit=20", "?status=scored&grade=%E4%BC%98&limit=20")


def submit(bench, ziping, connections, tag, seconds):
    """A closed loop of forms to the last score, with what the service counted; a doubt where the two disagree."""
    before = ziping.counters()
    run = Load(ziping.port, connections, seconds, "submit", ziping.form, tag).end()
    run.pending = ziping.counters()["pending"]
    ziping.drain()
    after = ziping.counters()
    run.took = after["accepted_total"] - before["accepted_total"]
    run.commits = after["commits_total"] - before["commits_total"]
    run.scored = after["last_event"] - before["last_event"]
    if run.took != run.good and not run.told["broken"] + run.told["unanswered"]:
        ziping.doubt(f"{tag}: {run.good} answers 202, {run.took:.0f} forms stored")
    if run.scored != run.took:
        ziping.doubt(f"{tag}: {run.took:.0f} forms stored, {run.scored:.0f} scored")
    bench.stored += run.took
    return run


def in_turn(rounds, contenders):
    """Runs each contender once a round, every other round backwards; lists of what they gave, by name."""
    runs = {name: [] for name in contenders}
    for n in range(rounds):
        for name in list(contenders) if n % 2 == 0 else reversed(contenders):
            runs[name].append(contenders[name](n))
    return runs


def peer_submit(peer, connections, tag, seconds):
    run = Load(peer.port, connections, seconds, "submit", peer.form, tag).end()
    peer.taken += run.good
    peer.drain()
    return run


def at(bench, c):
    """One concurrency: forms, then polls."""
    keep, apart, ziping, s = bench.echo, bench.echo_apart, bench.ziping, bench.wanted.seconds
    peers = [kind(bench.peer_program) for kind in (Peer, ProxiedPeer)] if bench.peer_program else []
    try:
        for peer in peers:
            peer.start()
        posts = {"echo": lambda n: Load(keep.port, c, s, "submit", keep.form, f"e{n}").end(),
                 "ziping": lambda n: submit(bench, ziping, c, f"s{c}-{n}", s),
                 "apart": lambda n: Load(apart.port, c, s, "submit", apart.form, f"a{n}").end()}
        gets = {"echo": lambda n: Load(keep.port, c, s, "get", keep.paths).end(),
                "200": lambda n: Load(ziping.port, c, s, "get", ziping.paths).end(),
                "304": lambda n: Load(ziping.port, c, s, "tagged", ziping.paths).end()}
        for name, peer in zip(("peer", "proxied"), peers):
            posts[name] = lambda n, peer=peer, name=name: peer_submit(peer, c, f"{name}{c}-{n}", s)
            gets[name] = lambda n, peer=peer: Load(peer.port, c, s, "get", peer.paths).end()
        return in_turn(bench.wanted.rounds, posts), in_turn(bench.wanted.rounds, gets)
    finally:
        for peer in peers:
            peer.end()


def rates(bench):
    report = bench.report
    report.part("Forms and polls; ratios beside the echo with kept connections")
    for c in bench.wanted.concurrency:
        posts, gets = at(bench, c)
        report.add("echo POST, kept connections", posts["echo"])
        report.add("echo POST, a connection each", posts["apart"], posts["echo"], to_name="kept")
        report.add("accepted and durable", posts["ziping"], posts["echo"], to_name="echo")
        if "peer" in posts:
            report.add("accepted by the peer", posts["peer"], posts["echo"], to_name="echo")
            report.add("accepted and durable, beside the peer", posts["ziping"], posts["peer"], to_name="peer")
            report.add("accepted by the peer behind the same nginx", posts["proxied"], posts["echo"], to_name="echo")
            report.add("accepted and durable, beside that", posts["ziping"], posts["proxied"], to_name="proxied peer")
        report.add("echo GET, kept connections", gets["echo"])
        report.add("status polls (200)", gets["200"], gets["echo"], to_name="echo")
        report.add("status polls (304)", gets["304"], gets["echo"], to_name="echo")
        if "peer" in gets:
            report.add("status polls of the peer", gets["peer"], gets["echo"], to_name="echo")
            report.add("status polls of the peer behind the same nginx", gets["proxied"], gets["echo"], to_name="echo")
        runs = posts["ziping"]
        commits = sorted(run.commits / run.seconds for run in runs)[len(runs) // 2]
        size = sorted(run.took / max(run.commits, 1) for run in runs)[len(runs) // 2]
        report.figure(f"commits of intake at c{c}", commits, "a second, two syncs each", f"{size:.1f} forms in one",
                      connections=c, forms_in_one=round(size, 2))


def batch(bench):
    report, ziping, s = bench.report, bench.ziping, bench.wanted.seconds
    report.part(f"Batches of {LINES} forms; ratio beside single forms at c64")

    def batches(n):
        run = Load(ziping.port, 4, s, "batch", ziping.form, f"m{n}", LINES, item='"status":202').end()
        if run.told["items"] != run.good * LINES:
            ziping.doubt(f"m{n}: {run.good} batches, {run.told['items']} verdicts 202")
        bench.stored += run.told["items"]
        ziping.drain()
        return run

    runs = in_turn(bench.wanted.rounds, {"singles": lambda n: submit(bench, ziping, 64, f"n{n}", s), "batches": batches})
    report.add("forms in batches", runs["batches"], runs["singles"], rate=lambda run: run.items, to_name="singles")


def write_paths(bench, name, paths):
    path = os.path.join(bench.ziping.service.folder, name)
    with open(path, "w", encoding="utf-8") as out:
        out.writelines(line + "\n" for line in paths)
    return path


def listing_paths(bench):
    return write_paths(bench, "listings", ["/v1/submissions" + query for query in LISTINGS])


def reads(bench):
    """Listings, totals, events by HTTP."""
    report, ziping, echo, s = bench.report, bench.ziping, bench.echo, bench.wanted.seconds
    report.part("Other reading; ratios beside the echo's GET")
    last = int(ziping.counters()["last_event"])
    pages = [f"/v1/events?after={after}&limit=1000" for after in range(0, max(last - 1000, 1), 1000)]
    files = {"listing": listing_paths(bench), "totals": write_paths(bench, "totals", ["/v1/totals?year=2022"]),
             "events": write_paths(bench, "pages", pages)}
    runs = in_turn(bench.wanted.rounds, {
        "echo": lambda n: Load(echo.port, 16, s, "get", echo.paths).end(),
        "listing": lambda n: Load(ziping.port, 16, s, "get", files["listing"]).end(),
        "totals": lambda n: Load(ziping.port, 16, s, "get", files["totals"]).end(),
        "events": lambda n: Load(ziping.port, 4, s, "get", files["events"], item=EVENT).end()})
    report.add("echo GET, kept connections", runs["echo"])
    report.add("listing, pages of 20", runs["listing"], runs["echo"], to_name="echo")
    report.add("totals of a year", runs["totals"], runs["echo"], to_name="echo")
    report.add("events in pages of 1000 (events a second)", runs["events"], rate=lambda run: run.items)
