"""The ledger in one DynamoDB table, for functions and containers on AWS.

One table, with a partition key `pk` and a sort key `sk` (both text), and no index. Parts of a key
are joined by `#`; what comes from outside is percent-encoded in them. Numbers are 16 digits wide.

    pk                        sk                    holds
    LEDGER                    LAYOUT                which layout this is
    LOCK#name                 LOCK                  holder, token, lease; stays when given back
    RUNS                      HEAD                  the number of the last run of all pipelines
    RUNS                      ID#run id             pipeline and number of a run
    P#pipeline                HEAD                  revision; last succeeded; runs with an intent
    P#pipeline                RUN#number            a run, as its latest attempt left it
    P#pipeline                ATT#number#attempt    an attempt
    P#pipeline                KEY#sha256            the newest run of a lane with a key
    P#pipeline                PUB#audit number      what one end published
    P#pipeline                Q#audit number        one change of quarantined rows' state
    P#pipeline                CURRENT, PROGRESS     what is published, and read, now
    FILES#pipeline#dataset    attempt's id#part     the files an attempt reads
    AUDIT                     HEAD                  number and hash of the last entry
    AUDIT                     ENTRY#number          an entry of the audit trail
    PART#id                   part                  a part of what is too big for its item

**Writes.** Each method that writes reads what it needs and then makes one TransactWriteItems,
conditional on the `revision` of the head items (of the pipeline, the runs, the trail) and on the
lock's token. If another process wrote meanwhile, the method begins anew. A transaction has a dozen
items at most: what has no bound (files, reports, keys of rows) is compressed and written before it,
under an id that nobody knows until the transaction names it, and is never changed. Head items
carry the ClientRequestToken of the transaction that wrote them: a transaction whose answer was
lost is known again.

**Reads** are strongly consistent. One that takes several requests is taken between two looks at the
head, and begun anew if the head changed.

Nothing is ever deleted, and nothing has a time to live.
"""

from __future__ import annotations

from penstock.runtime.ledger.dynamodb.ledger import DynamoDBLedger
from penstock.runtime.ledger.dynamodb.schema import ACTIONS, SCHEMA, create_table

__all__ = ["ACTIONS", "SCHEMA", "DynamoDBLedger", "create_table"]
