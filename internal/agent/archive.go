package agent

// source says which unpacked revision a hook's scripts are from.
type source uint8

const (
	current        source = iota + 1 // of this deployment
	lastSuccessful                   // the one that was installed last
	mostRecent                       // the one that was downloaded last
)

// usualSource is where the scripts of a hook are from; current unless listed.
var usualSource = map[string]source{
	"BeforeBlockTraffic": lastSuccessful,
	"AfterBlockTraffic":  lastSuccessful,
	"ApplicationStop":    lastSuccessful,
}

// rollbackSource is the same for the rollback of a blue/green deployment,
// where traffic goes back to hosts that this deployment installs nothing on.
var rollbackSource = map[string]source{
	"BeforeBlockTraffic": mostRecent,
	"AfterBlockTraffic":  mostRecent,
	"ApplicationStop":    lastSuccessful,
	"BeforeAllowTraffic": lastSuccessful,
	"AfterAllowTraffic":  lastSuccessful,
}

// chooseArchive returns the unpacked revision that an event takes its scripts
// from, empty if there is none. This deployment's own comes first as soon as
// it is there.
func (a *Agent) chooseArchive(e *event) (string, error) {
	own := archiveOf(e.dir)
	if isFolder(own) {
		return own, nil
	}
	table := usualSource
	if e.spec.DeploymentCreator == "codeDeployRollback" && e.spec.DeploymentType == "BLUE_GREEN" {
		table = rollbackSource
	}
	pointer := ""
	switch table[e.name] {
	case lastSuccessful:
		pointer = a.layout.lastSuccessful(e.spec.DeploymentGroupID)
	case mostRecent:
		pointer = a.layout.mostRecent(e.spec.DeploymentGroupID)
	case current:
		return "", nil
	default:
		return "", nil
	}
	deployment, err := readPointer(pointer)
	if err != nil || deployment == "" {
		return "", err
	}
	if archive := archiveOf(deployment); isFolder(archive) {
		return archive, nil
	}
	// Somebody emptied the folder. The official agent fails from then on, for
	// ever; but what is gone has nothing to stop.
	a.config.Log.Warn("the revision that should run this event is gone; nothing is run", "event", e.name, "folder", deployment)
	return "", nil
}
