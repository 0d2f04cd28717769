"""What a deployed pipeline costs: usage of services, times the prices of the list.

A `Usage` says what is used, an architecture computes it (`architectures/`, one file each), and
`bill.price` turns it into money. Only `penstock.facts` knows prices.
"""
