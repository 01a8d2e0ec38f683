package compat

import (
	"errors"
	"reflect"

	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/smithy-go"
)

// sdkErrors has the SDK's type of every error of the API by its code.
var sdkErrors = byCode(
	&types.AlarmsLimitExceededException{},
	&types.ApplicationAlreadyExistsException{},
	&types.ApplicationDoesNotExistException{},
	&types.ApplicationLimitExceededException{},
	&types.ApplicationNameRequiredException{},
	&types.ArnNotSupportedException{},
	&types.BatchLimitExceededException{},
	&types.BucketNameFilterRequiredException{},
	&types.DeploymentAlreadyCompletedException{},
	&types.DeploymentConfigAlreadyExistsException{},
	&types.DeploymentConfigDoesNotExistException{},
	&types.DeploymentConfigInUseException{},
	&types.DeploymentConfigLimitExceededException{},
	&types.DeploymentConfigNameRequiredException{},
	&types.DeploymentDoesNotExistException{},
	&types.DeploymentGroupAlreadyExistsException{},
	&types.DeploymentGroupDoesNotExistException{},
	&types.DeploymentGroupLimitExceededException{},
	&types.DeploymentGroupNameRequiredException{},
	&types.DeploymentIdRequiredException{},
	&types.DeploymentIsNotInReadyStateException{},
	&types.DeploymentLimitExceededException{},
	&types.DeploymentNotStartedException{},
	&types.DeploymentTargetDoesNotExistException{},
	&types.DeploymentTargetIdRequiredException{},
	&types.DeploymentTargetListSizeExceededException{},
	&types.DescriptionTooLongException{},
	&types.ECSServiceMappingLimitExceededException{},
	&types.GitHubAccountTokenDoesNotExistException{},
	&types.GitHubAccountTokenNameRequiredException{},
	&types.IamArnRequiredException{},
	&types.IamSessionArnAlreadyRegisteredException{},
	&types.IamUserArnAlreadyRegisteredException{},
	&types.IamUserArnRequiredException{},
	&types.InstanceDoesNotExistException{},
	&types.InstanceIdRequiredException{},
	&types.InstanceLimitExceededException{},
	&types.InstanceNameAlreadyRegisteredException{},
	&types.InstanceNameRequiredException{},
	&types.InstanceNotRegisteredException{},
	&types.InvalidAlarmConfigException{},
	&types.InvalidApplicationNameException{},
	&types.InvalidArnException{},
	&types.InvalidAutoRollbackConfigException{},
	&types.InvalidAutoScalingGroupException{},
	&types.InvalidBlueGreenDeploymentConfigurationException{},
	&types.InvalidBucketNameFilterException{},
	&types.InvalidComputePlatformException{},
	&types.InvalidDeployedStateFilterException{},
	&types.InvalidDeploymentConfigNameException{},
	&types.InvalidDeploymentGroupNameException{},
	&types.InvalidDeploymentIdException{},
	&types.InvalidDeploymentInstanceTypeException{},
	&types.InvalidDeploymentStatusException{},
	&types.InvalidDeploymentStyleException{},
	&types.InvalidDeploymentTargetIdException{},
	&types.InvalidDeploymentWaitTypeException{},
	&types.InvalidEC2TagCombinationException{},
	&types.InvalidEC2TagException{},
	&types.InvalidECSServiceException{},
	&types.InvalidExternalIdException{},
	&types.InvalidFileExistsBehaviorException{},
	&types.InvalidGitHubAccountTokenException{},
	&types.InvalidGitHubAccountTokenNameException{},
	&types.InvalidIamSessionArnException{},
	&types.InvalidIamUserArnException{},
	&types.InvalidIgnoreApplicationStopFailuresValueException{},
	&types.InvalidInputException{},
	&types.InvalidInstanceNameException{},
	&types.InvalidInstanceStatusException{},
	&types.InvalidInstanceTypeException{},
	&types.InvalidKeyPrefixFilterException{},
	&types.InvalidLifecycleEventHookExecutionIdException{},
	&types.InvalidLifecycleEventHookExecutionStatusException{},
	&types.InvalidLoadBalancerInfoException{},
	&types.InvalidMinimumHealthyHostValueException{},
	&types.InvalidNextTokenException{},
	&types.InvalidOnPremisesTagCombinationException{},
	&types.InvalidOperationException{},
	&types.InvalidRegistrationStatusException{},
	&types.InvalidRevisionException{},
	&types.InvalidRoleException{},
	&types.InvalidSortByException{},
	&types.InvalidSortOrderException{},
	&types.InvalidTagException{},
	&types.InvalidTagFilterException{},
	&types.InvalidTagsToAddException{},
	&types.InvalidTargetFilterNameException{},
	&types.InvalidTargetGroupPairException{},
	&types.InvalidTargetInstancesException{},
	&types.InvalidTimeRangeException{},
	&types.InvalidTrafficRoutingConfigurationException{},
	&types.InvalidTriggerConfigException{},
	&types.InvalidUpdateOutdatedInstancesOnlyValueException{},
	&types.InvalidZonalDeploymentConfigurationException{},
	&types.LifecycleEventAlreadyCompletedException{},
	&types.LifecycleHookLimitExceededException{},
	&types.MultipleIamArnsProvidedException{},
	&types.OperationNotSupportedException{},
	&types.ResourceArnRequiredException{},
	&types.ResourceValidationException{},
	&types.RevisionDoesNotExistException{},
	&types.RevisionRequiredException{},
	&types.RoleRequiredException{},
	&types.TagLimitExceededException{},
	&types.TagRequiredException{},
	&types.TagSetListLimitExceededException{},
	&types.ThrottlingException{},
	&types.TriggerTargetsLimitExceededException{},
	&types.UnsupportedActionForDeploymentTypeException{},
)

func byCode(list ...smithy.APIError) map[string]reflect.Type {
	m := make(map[string]reflect.Type, len(list))
	for _, e := range list {
		m[e.ErrorCode()] = reflect.TypeOf(e)
	}
	return m
}

// recognised reports whether the SDK gives err to its caller as the type that
// it has for the code.
func recognised(err error, code string) bool {
	of, ok := sdkErrors[code]
	return ok && errors.As(err, reflect.New(of).Interface())
}
