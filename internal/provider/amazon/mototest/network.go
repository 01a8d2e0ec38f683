package mototest

import (
	"encoding/xml"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// network returns the default VPC of moto, two of its subnets and its security
// group.
func network(t testing.TB, server string) (vpc string, subnets []string, group string) {
	t.Helper()
	var answer struct {
		Subnets []struct {
			ID  string `xml:"subnetId"`
			VPC string `xml:"vpcId"`
		} `xml:"subnetSet>item"`
		Groups []string `xml:"securityGroupInfo>item>groupId"`
	}
	ask(t, server, "DescribeSubnets", &answer)
	ask(t, server, "DescribeSecurityGroups", &answer)
	if len(answer.Subnets) < 2 || len(answer.Groups) == 0 {
		t.Fatalf("moto has only %+v", answer)
	}
	for _, s := range answer.Subnets[:2] {
		vpc, subnets = s.VPC, append(subnets, s.ID)
	}
	return vpc, subnets, answer.Groups[0]
}

// ask asks EC2. (Two calls are not worth a client of it: moto looks at nothing
// but the service's name in a signature.)
func ask(t testing.TB, server, action string, answer any) {
	t.Helper()
	form := url.Values{"Action": {action}, "Version": {"2016-11-15"}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Authorization",
		"AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/ec2/aws4_request, SignedHeaders=host, Signature=none")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := xml.NewDecoder(res.Body).Decode(answer); err != nil {
		t.Fatal(action, err)
	}
}
