-- Departures of each airport and day.
select
    origin,
    make_date(2013, month, day) as flight_date,
    count(*) as flights,
    avg(dep_delay) as avg_dep_delay
from flown
group by origin, make_date(2013, month, day)
