/*
Rstfleet explains the TCP resets of more captures than one machine should read: captures in directories and object
stores, on Apache Beam, which runs in the process or on a cluster.

	rstfleet --input 'captures/**.pcapng' --output out
	rstfleet --ring --input 's3://traces/**' --output s3://results/2026-01

docs/fleet.md is its manual. To read the code, begin with pipeline.go, which lays out a job; what the steps do is in
package job, which knows nothing of Beam, and what they read and write goes through package store.

It is a module of its own, so that rstexplain has none of its dependencies.
*/
package main
