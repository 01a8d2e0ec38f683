// Package deploy is the domain: what users define (applications, groups,
// configurations, revisions, instances) and what a deployment is made of
// (deployment, targets, lifecycle events, host commands), in CodeDeploy's own
// words. It imports only the standard library and does no I/O.
//
// Who writes what: package control writes definitions, new deployments and
// facts reported from outside (a stop request, what a host says of a command);
// package engine alone writes statuses, targets and host commands.
package deploy
