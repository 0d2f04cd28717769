-- Delays by carrier and destination.
select
    f.carrier,
    a.name as airline,
    f.dest,
    f.dest_name,
    count(*) as flights,
    count(*) filter (where f.is_late) as late,
    avg(f.arr_delay) as avg_arr_delay
from flown as f
join airlines as a on a.carrier = f.carrier
group by f.carrier, a.name, f.dest, f.dest_name
order by f.carrier, f.dest
