"""A small Technitium DNS Server with memory: its HTTP API and its DNS answers, as 15.2, 14.3 or 13.4 give them.

By hand: ``python -m tests.fakes.technitium --port 5380 --dns-port 5353 --token T --zone talos00``. It starts empty, its
domain is ns1.test, the administrator is admin/admin, and it keeps nothing when it ends.

In a test::

    with Technitium(token="secret") as server:
        requests.get(server.url + "/api/zones/list", headers={"Authorization": "Bearer secret"})
        server.faults.delay = 2.0

Several on one network can be a cluster: ``admin/cluster/init`` on one, ``initJoin`` on the others, and
``secondary/promote`` work as on the server, and what takes 10 s there takes ``Network.delay``::

    network = Network(delay=0.2)
    with (
        Technitium(token="a", domain="node1.clu.test", network=network) as node1,
        Technitium(token="b", domain="node2.clu.test", network=network) as node2,
    ):
        ...
        node1.kill()

Only a double has these paths. They need no token and no fault touches them; bodies and answers are JSON:

====== =================== ==========================================================================================
POST   /fake/faults        switch faults, such as ``{"hang": true, "times": 3}`` (``faults.Faults``); DELETE: all off
GET    /fake/requests      ``{"counts": {path: n}, "requests": [...]}`` since the start or since a DELETE
POST   /fake/zones         ``{"talos00": "Secondary"}`` turns a zone into one of another kind
POST   /fake/crash         lose the writes of the last 5 s
POST   /fake/save          write to disk now, so that a crash keeps it
POST   /fake/listening     ``{"seconds": 5}``: refuse HTTP connections for so long, beginning in 0.05 s
====== =================== ==========================================================================================

What it leaves out: DNSSEC, catalog zones other than a cluster's, dynamic updates, zone transfers, applications, expiry
of records.
"""

from tests.fakes.technitium.faults import Faults
from tests.fakes.technitium.network import Network
from tests.fakes.technitium.server import Technitium

__all__ = ["Faults", "Network", "Technitium"]
