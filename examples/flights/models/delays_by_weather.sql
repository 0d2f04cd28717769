-- Each flight meets the weather of its airport in the hour it was due out.
with met as (
    select
        f.origin,
        f.dep_delay,
        f.is_late,
        case
            when w.visib < 3 then 'fog'
            when w.wind_speed >= 25 then 'strong wind'
            when w.precip > 0 then 'rain or snow'
            else 'fair'
        end as weather
    from flown as f
    join weather_checked as w on w.origin = f.origin and w.time_hour = f.time_hour
)

select
    origin,
    weather,
    count(*) as flights,
    count(*) filter (where is_late) as late,
    avg(dep_delay) as avg_dep_delay
from met
group by origin, weather
order by origin, weather
