//go:build linux

package main

import (
	"fmt"
	"time"

	"github.com/rstexplain/rstexplain/testdata/lab/stage"
)

// situations lists all that the lab plays.
func situations() []stage.Situation {
	var all []stage.Situation
	all = append(all, closedPort()...)
	return all
}

func closedPort() []stage.Situation {
	return []stage.Situation{{
		Name: "no-listener",
		Says: "The client connects to a port where nothing listens.",
		Run: func(s *stage.Stage) error {
			if c, err := s.Client.Dial(s.Server.At(8443), 3*time.Second); err == nil {
				c.Close()
				return fmt.Errorf("connected to a closed port")
			}
			return nil
		},
		Truth: func(r stage.RST) stage.Label {
			return stage.Label{Cause: "closed-port", Detail: "no-listener", Why: "SYN to a port without a listener"}
		},
		Rule: "no-listener",
	}}
}
