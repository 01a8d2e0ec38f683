package iam

// Function returns a function that this server runs, as it appears to its own
// API. It has FunctionPolicy and no other.
func Function(account, name string) Principal {
	return Principal{
		Kind:      FunctionKind,
		AccountID: account,
		UserID:    "function:" + name,
		Name:      name,
		ARN:       "arn:aws:sts::" + account + ":assumed-role/slipway-function/" + name,
	}
}

// FunctionPolicy lets functions answer as hooks. Which hook one may answer for
// is decided by the id that it was invoked with.
const FunctionPolicy = `{"Version":"2012-10-17","Statement":[
	{"Effect":"Allow","Action":"codedeploy:PutLifecycleEventHookExecutionStatus","Resource":"*"}]}`
