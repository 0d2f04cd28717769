-- Models that go through sqlglot and must give the same rows afterwards.
-- title: filter on an aggregate, group by all
select carrier, sum(delay) filter (where flight > 1) as s from flights group by all
-- title: star with exclude and replace
select * exclude (day) replace (upper(dest) as dest) from flights
-- title: list comprehension and index
select [x * 2 for x in [1, 2, flight] if x > 1] as l, [10, 20][1] as one, [1, 2, 3][-1] as last,
    [1, 2, 3][2:] as tail, 'abc'[2] as b from flights
-- title: lambda
select list_transform([1, 2], lambda x: x + flight) as l, list_filter([1, 2, 3], lambda x: x > 1) as f
from flights
-- title: struct and map
select {'a': flight, 'b': dest}.b as b, map {'k': flight}['k'] as m, struct_pack(x := 1).x as x
from flights
-- title: struct star
select s.* from (select {'a': flight, 'b': dest} as s from flights)
-- title: qualify
select *, row_number() over (partition by carrier order by delay desc) as n from flights qualify n = 1
-- title: dates
select carrier, day - date '2012-12-31' as d, date_diff('month', date '2012-01-05', day) as m,
    date_trunc('month', day) as t, strftime(day, '%d/%m') as s, day + interval 1 month as n,
    extract(dow from day) as w, date_part('week', day) as k, last_day(day) as l, day + 3 as p,
    year(day) as y, monthname(day) as mn, make_date(2013, 1, 2) as c, epoch(day::timestamp) as e,
    date_sub('day', date '2012-01-05', day) as ds, datediff('year', day, date '2020-01-01') as dd,
    date_add(day, interval 2 day) as da
from flights
-- title: timestamps and zones
select (day::timestamp at time zone 'America/New_York') at time zone 'UTC' as z,
    strptime('2013-01-02 03:04', '%Y-%m-%d %H:%M') as p, to_timestamp(1.5) as t,
    timestamp '2013-01-01 10:00:00' - interval '90 minutes' as m, epoch_ms(1000) as e,
    timestamptz '2013-01-01 10:00:00+02' as o
from flights
-- title: arithmetic
select carrier, flight / 2 as q, flight // 2 as i, flight % 2 as r, -flight ** 2 as p,
    2 ^ 3 as h, flight & 3 as a, flight | 8 as b, xor(flight, 1) as x, ~flight as n, abs(flight) << 1 as l,
    round(delay, 1) as d, ceil(delay) as c, sign(flight) as s, greatest(flight, 2) as g,
    0.1 + 0.2 as f, 1e3 as e, 10 / 4 as t
from flights
-- title: regular expressions and patterns
select regexp_extract(dest, '(S)(F)', 2) as e, regexp_replace(dest, '[SO]', 'x', 'g') as r,
    dest similar to 'S.*' as m, dest ilike 's%' as k, dest like '%F%' as l, dest ~ 'J' as t,
    regexp_matches(dest, 'k$', 'i') as i, regexp_extract_all(dest, '[A-Z]') as a,
    dest not like 'J\_%' escape '\' as n, regexp_split_to_array(dest, 'F') as sp
from flights
-- title: text
select concat_ws('-', carrier, dest) as c, carrier || dest as p, substring(carrier from 1 for 1) as s,
    position('A' in carrier) as o, trim(dest) as t, trim(both 'S' from dest) as b, ltrim(dest) as l,
    lpad(flight::varchar, 3, '0') as z, split_part('a-b', '-', 2) as sp, length(dest) as n,
    replace(dest, 'S', '') as r, left(dest, 2) as le, right(dest, 2) as ri, repeat('x', 2) as x,
    format('{} {}', carrier, flight) as f, printf('%d', flight) as pf, md5(carrier) as h,
    starts_with(dest, 'S') as st, contains(dest, 'F') as co, chr(65) as ch, ascii('a') as ac,
    'it''s' as q, e'a\tb' as t1, reverse(carrier) as rv, string_split(dest, 'F') as ss
from flights
-- title: ordered aggregates
select string_agg(dest, ',' order by flight desc) as s, array_agg(flight order by flight) as a,
    arg_max(dest, flight) as g, median(flight) as m, quantile_cont(flight, 0.25) as q,
    list(flight order by flight desc) as l, count(distinct carrier) as d, bool_and(flight > 0) as b,
    stddev_samp(flight) as sd, corr(flight, flight) as co, max_by(carrier, flight) as mb,
    first(flight order by flight) as f, mode(carrier order by carrier) as mo,
    percentile_cont(0.5) within group (order by flight) as pc, count_if(flight > 1) as ci,
    sum(flight) as total, product(flight) as pr
from flights
-- title: from first, limit
from flights select carrier, count(*) as n group by carrier order by n desc, carrier limit 1
-- title: nulls and comparisons
select coalesce(dest, 'none') || '!' as d, dest is distinct from 'SFO' as x, nullif(carrier, 'UA') as u,
    flight between 1 and 2 as y, try_cast(dest as integer) as z, dest is not null as w,
    ifnull(dest, '?') as v, flight in (1, 2) as n, flight not in (select 3) as m,
    not (flight > 1 and delay is null or carrier = 'UA') as p, if(flight > 1, 'a', 'b') as i,
    case carrier when 'UA' then 1 else 0 end as c
from flights
-- title: joins
select f.flight, a.name, f.dest from flights as f left join airports as a on a.faa = f.dest
-- title: join using
select * from airports join (select faa, count(*) as n from airports group by faa) using (faa)
-- title: semi and anti join
select flight from flights semi join airports on dest = faa
union all select flight from flights anti join airports on dest = faa
-- title: asof join
select f.flight, a.id from flights f asof left join airports a on f.flight >= a.id
-- title: lateral
select f.flight, l.n
from flights f, lateral (select count(*) as n from flights g where g.carrier = f.carrier) as l
-- title: correlated subqueries
select carrier, (select max(flight) from flights g where g.carrier = f.carrier) as m
from flights f where exists (select 1 from airports a where a.faa = f.dest) or flight = any(select 3)
-- title: unnest
select unnest([flight, 0]) as u, carrier from flights
-- title: unnest in from
select f.flight, u.x from flights f, unnest([1, 2]) as u(x)
-- title: generate series
select g.n, r.i from generate_series(1, 3) as g(n), range(2) as r(i)
-- title: rollup and grouping sets
select carrier, dest, grouping(carrier) as g, count(*) as n from flights group by rollup (carrier, dest)
union all by name
select carrier, null as dest, 0 as g, count(*) as n from flights group by grouping sets ((carrier), ())
-- title: pivot
select * from (pivot (select carrier, dest from flights) on carrier in ('UA', 'AA') using count(*) group by dest)
-- title: unpivot
select * from (unpivot (select flight, delay::integer as delay, 1 as one from flights) on delay, one into name what value v)
-- title: recursive
with recursive r(n) as (select 1 union all select n + 1 from r where n < 3) select * from r
-- title: nested ctes and shadowing
with flights as (select * from flights where flight > 0), x as (with y as (select * from flights) select * from y)
select carrier, count(*) as n from x group by 1
-- title: set operations
(select carrier from flights except select 'AA') union (select dest from flights intersect select faa from airports)
-- title: distinct on
select distinct on (carrier) carrier, flight from flights order by carrier, flight desc
-- title: windows
select flight, lag(flight) over w as l, sum(flight) over (order by flight rows between 1 preceding and current row) as s,
    first_value(dest ignore nulls) over w as f, ntile(2) over w as n, dense_rank() over (order by carrier) as d,
    max(flight) over (order by flight range between 2 preceding and 1 following exclude current row) as m,
    count(*) filter (where flight > 1) over w as c
from flights window w as (order by flight)
-- title: json
select '{"a": [1, {"b": "x"}]}'::json -> 'a' -> 1 ->> 'b' as b, json_extract_string('{"a": 1}', '$.a') as a,
    to_json({'k': flight}) as j
from flights
-- title: lists
select [1, 2] || [3] as l, list_contains([1, 2], flight) as c, len([1, 2]) as n, list_sort([3, 1]) as s,
    list_aggregate([1, 2], 'sum') as a, array_to_string(['a', 'b'], '-') as t, list_distinct([1, 1]) as d,
    flatten([[1], [2]]) as f, list_slice([1, 2, 3], 1, 2) as sl, [1, 2][flight] as i
from flights
-- title: casts
select flight::varchar as a, cast(delay as integer) as b, '2013-01-01'::date as c, 1::boolean as d,
    flight::double / 3 as e, '{1}'::varchar as f, cast([1] as bigint[]) as g, 'x'::blob as h, delay::decimal(10,3) as i
from flights
-- title: columns expression
select columns('^f'), columns(lambda c: c = 'dest') from flights
-- title: alias used beside its definition
select flight * 2 as twice, twice + 1 as more from flights where twice > 0 order by more
-- title: positional group and order
select carrier, count(*) as n from flights group by 1 order by 2 desc, 1
-- title: values
select v.a + 1 as a, v.b from (values (1, 'x'), (2, 'y')) as v(a, b)
-- title: comments and semicolon
select /* one */ carrier -- two
from flights;
-- title: dollar quotes and unicode
select $$it's$$ as a, 'é😀' as b, "carrier" as "Weird Name" from flights
-- title: sample free tablesample like limit
select flight from flights order by flight nulls first limit 2 offset 1
-- title: try and error free division
select flight / nullif(flight - 1, 0) as d, try(1 / 0) as t, try(flight // 0) as z from flights
