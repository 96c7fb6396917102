package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestSettingsFileIsReadAsWritten(t *testing.T) {
	for name, args := range map[string][]string{
		"defaults": nil,
		"changed": {"--api-addr", "10.0.0.1:1", "--peer", "n1=10.0.0.1:2", "--peer", "n2=10.0.0.2:2",
			"--checkpoint-interval", "2s", "--min-free", "7", "--log-level", "debug"},
	} {
		want := new(settings)
		f := want.flags()
		if err := f.Parse(args); err != nil {
			t.Fatal(err)
		}
		text := formatSettings(f)
		got := new(settings)
		g := got.flags()
		if err := parseSettings(string(text), g); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if again := formatSettings(g); !bytes.Equal(again, text) {
			t.Errorf("%s: written again it is\n%s, was\n%s", name, again, text)
		}
		if got.apiAddr != want.apiAddr || len(got.peers) != len(want.peers) || got.checkpointInterval != want.checkpointInterval ||
			got.minFree != want.minFree || got.logLevel != want.logLevel {
			t.Errorf("%s: read %+v, wrote %+v", name, got, want)
		}
	}
}

func TestFlagsOverrideTheFile(t *testing.T) {
	s := new(settings)
	f := s.flags()
	if err := parseSettings("peer = a=h:1\npeer = b=h:2\napi-addr = h:3\nmetrics = h:4", f); err != nil {
		t.Fatal(err)
	}
	command := new(settings).flags()
	if err := command.Parse([]string{"--peer", "c=h:9", "--api-addr", "h:8"}); err != nil {
		t.Fatal(err)
	}
	if err := override(f, command); err != nil {
		t.Fatal(err)
	}
	if strings.Join(s.peers, " ") != "c=h:9" || s.apiAddr != "h:8" || s.metrics != "h:4" {
		t.Errorf("peers %v, api %s, metrics %s", s.peers, s.apiAddr, s.metrics)
	}
}

func TestSettingsRefused(t *testing.T) {
	for name, change := range map[string]func(s *settings){
		"cluster-addr":          func(s *settings) { s.clusterAddr = "" },
		"api-addr":              func(s *settings) { s.apiAddr = "7100" },
		"metrics":               func(s *settings) { s.metrics = "x" },
		"advertise-api":         func(s *settings) { s.advertiseAPI = "x" },
		"set advertise-cluster": func(s *settings) { s.clusterAddr = "[::]:7200" },
		"api-key":               func(s *settings) { s.apiCert = "cert.pem" },
		"checkpoint-interval":   func(s *settings) { s.checkpointInterval = 9 * time.Millisecond },
		"checkpoint-records":    func(s *settings) { s.checkpointRecords = 0 },
		"max-submits":           func(s *settings) { s.maxSubmits = 0 },
		"max-artifact":          func(s *settings) { s.maxArtifact++ },
		"artifact-age":          func(s *settings) { s.artifactAge = time.Hour - 1 },
		"min-free":              func(s *settings) { s.minFree = 0 },
		"log-level":             func(s *settings) { s.logLevel = "loud" },
		`peer "n1"`:             func(s *settings) { s.peers = []string{"n1"} },
		`peer "=h:1"`:           func(s *settings) { s.peers = []string{"=h:1"} },
		`peer "a=h:2"`:          func(s *settings) { s.peers = []string{"a=h:1", "a=h:2"} },
		`peer "b=h:1"`:          func(s *settings) { s.peers = []string{"a=h:1", "b=h:1"} },
	} {
		s := new(settings)
		s.flags()
		if err := s.check(); err != nil {
			t.Fatalf("the defaults: %v", err)
		}
		change(s)
		err := s.check()
		if err == nil || !strings.Contains(err.Error(), name) || exitCode(err) != exitUsage {
			t.Errorf("%s: %v", name, err)
		}
	}
}
