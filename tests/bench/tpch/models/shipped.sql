SELECT
  l.*,
  l.l_extendedprice * (1 - l.l_discount) AS net,
  o.o_orderdate,
  o.o_orderpriority,
  c.c_mktsegment,
  c.c_nationkey,
  strftime(l.l_shipdate, '%Y-%m') AS month
FROM lineitem AS l
JOIN orders AS o ON o.o_orderkey = l.l_orderkey
JOIN customer AS c ON c.c_custkey = o.o_custkey
