package deploy

// InvokeHook is the kind of an action that runs a function at a lifecycle
// event of a Lambda or ECS deployment. Its outcome is the function's answer,
// which comes later, by PutLifecycleEventHookExecutionStatus.
const InvokeHook = "InvokeHook"

// HookInput is an InvokeHook action's input.
type HookInput struct {
	Function    string `json:"function"` // name or ARN
	Event       string `json:"event"`
	Role        string `json:"role,omitempty"`
	ExecutionID string `json:"executionId"` // what the function answers with
}

// HookAnswer is its output.
type HookAnswer struct {
	Status  EventStatus `json:"status"` // Succeeded or Failed
	Message string      `json:"message,omitempty"`
}
