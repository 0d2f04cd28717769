SELECT
  month,
  c_mktsegment,
  count(*) AS items,
  sum(l_quantity) AS quantity,
  sum(net) AS revenue
FROM shipped
GROUP BY month, c_mktsegment
